namespace ConversationHub.Store.Search;

/// <summary>Which documents count. Null lets all pass.</summary>
/// <param name="Owner">Number of the owner.</param>
/// <param name="Surface">Number of the surface.</param>
/// <param name="FromSecond">Documents of an earlier second are out; those of this one may still be too early.</param>
/// <param name="ToSecond">Documents of a later second are out; those of this one may still be too late.</param>
internal readonly record struct SearchFilter(int? Owner, int? Surface, uint FromSecond = 0, uint ToSecond = uint.MaxValue)
{
    public bool Lets(in DocumentFacts facts) =>
        facts.Length > 0
        && (Owner is not { } owner || facts.Owner == owner)
        && (Surface is not { } surface || facts.Surface == surface)
        && facts.Second >= FromSecond && facts.Second <= ToSecond;
}
