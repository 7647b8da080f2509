namespace ConversationHub.Contracts;

/// <summary>Names that every message shares.</summary>
public static class WireFormat
{
    /// <summary>Version of the wire format, told in every envelope and health report.</summary>
    public const string Version = "2.0.0";

    public const string ServiceName = "maestra-backend";

    /// <summary>By this a discovered service is known to be Maestra and not a stranger on the port.</summary>
    public const string BrainId = "maestra";

    /// <summary>First port of a local backend; the next four are tried when it is taken.</summary>
    public const int DefaultLocalPort = 8825;

    public const int LastLocalPort = 8829;

    /// <summary>Mode of a reply whose asker hinted at none.</summary>
    public const string DefaultMode = "advisor";

    /// <summary>Older backends report failures so; never accepted as a hint.</summary>
    public const string ErrorMode = "error";

    public const string SourceLocal = "local";
    public const string SourceCloud = "cloud";

    /// <summary>The session of a legacy question that names none.</summary>
    public const string DefaultSession = "default";
}
