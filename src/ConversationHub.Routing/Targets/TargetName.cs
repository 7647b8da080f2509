namespace ConversationHub.Routing;

/// <summary>A backend a question can be sent to, in the order in which they are asked.</summary>
public enum TargetName
{
    Local,
    Cloud,
}

/// <summary>The names as results and logs spell them.</summary>
public static class TargetNames
{
    public static string ToWire(this TargetName name) => name switch
    {
        TargetName.Local => "local",
        TargetName.Cloud => "cloud",
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
