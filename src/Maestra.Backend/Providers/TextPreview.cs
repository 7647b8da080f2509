namespace Maestra.Backend.Providers;

/// <summary>
/// Passes on the text of one model only: the first that gives any. What a later one says reaches the caller whole, with the end of the
/// stream, so that a preview never mixes two models' words (docs/decisions/0027).
/// </summary>
internal sealed class TextPreview(Action<string> onText)
{
    private IModel? _owner;

    public void Offer(IModel model, string text)
    {
        _owner ??= model;
        if (ReferenceEquals(_owner, model))
            onText(text);
    }
}
