using ModelContextProtocol.Protocol;

namespace ConversationHub.ConformanceHost;

/// <summary>The forms that the suite wants to see asked for.</summary>
internal static class ElicitationSchemas
{
    private static readonly string[] Options = ["option1", "option2", "option3"];

    /// <summary>SEP-1034: a default of each kind.</summary>
    internal static Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition> Defaults => new()
    {
        ["name"] = new ElicitRequestParams.StringSchema { Description = "Name", Default = "John Doe" },
        ["age"] = new ElicitRequestParams.NumberSchema { Type = "integer", Description = "Age", Default = 30 },
        ["score"] = new ElicitRequestParams.NumberSchema { Description = "Score", Default = 95.5 },
        ["status"] = new ElicitRequestParams.UntitledSingleSelectEnumSchema { Description = "Status", Enum = ["active", "inactive", "pending"], Default = "active" },
        ["verified"] = new ElicitRequestParams.BooleanSchema { Description = "Verified", Default = true },
    };

    /// <summary>SEP-1330: choices of each kind.</summary>
    internal static Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition> Enums => new()
    {
        ["untitledSingle"] = new ElicitRequestParams.UntitledSingleSelectEnumSchema { Description = "One", Enum = [.. Options] },
        ["titledSingle"] = new ElicitRequestParams.TitledSingleSelectEnumSchema { Description = "One", OneOf = Titled() },
        ["legacyEnum"] = new ElicitRequestParams.LegacyTitledEnumSchema { Description = "One", Enum = ["opt1", "opt2", "opt3"], EnumNames = ["Option One", "Option Two", "Option Three"] },
        ["untitledMulti"] = new ElicitRequestParams.UntitledMultiSelectEnumSchema { Description = "Several", Items = new() { Enum = [.. Options] } },
        ["titledMulti"] = new ElicitRequestParams.TitledMultiSelectEnumSchema { Description = "Several", Items = new() { AnyOf = Titled() } },
    };

    private static List<ElicitRequestParams.EnumSchemaOption> Titled() =>
    [
        new() { Const = "value1", Title = "First" },
        new() { Const = "value2", Title = "Second" },
        new() { Const = "value3", Title = "Third" },
    ];
}
