using ConversationHub.Contracts;

namespace Maestra.Backend.Advisors;

/// <summary>Takes in no more than so many bytes of a response: at once, or, if it is a stream of events, while it is read.</summary>
/// <param name="maxStreamBytes">Of a stream of events.</param>
internal sealed class BoundedResponseHandler(int maxBytes, long maxStreamBytes, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <exception cref="HttpRequestException">The response is larger.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        try
        {
            if (IsStream(response))
                await BoundAsync(response, cancellationToken);
            else
                await response.Content.LoadIntoBufferAsync(maxBytes, cancellationToken);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static bool IsStream(HttpResponseMessage response) =>
        response.IsSuccessStatusCode
        && string.Equals(response.Content.Headers.ContentType?.MediaType, StreamEvents.MediaType, StringComparison.OrdinalIgnoreCase);

    private async Task BoundAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var whole = response.Content;
        var bounded = new StreamContent(new BoundedReadStream(maxStreamBytes, await whole.ReadAsStreamAsync(cancellationToken)));
        foreach (var (name, values) in whole.Headers)
            bounded.Headers.TryAddWithoutValidation(name, values);
        response.Content = bounded;
    }
}
