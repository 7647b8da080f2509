namespace ConversationHub.Routing;

/// <summary>Turns what <see cref="HttpClient"/> throws into a closed outcome. Pure.</summary>
internal static class TransportFailure
{
    /// <param name="failure">What was thrown while connecting, sending or waiting for the headers.</param>
    public static AttemptResult BeforeHeaders(Exception failure)
    {
        if (FindConnectFailure(failure) is { } connect)
            return new AttemptResult(connect.Outcome) { Detail = connect.Message };
        var error = failure is HttpRequestException request ? request.HttpRequestError : HttpRequestError.Unknown;
        return error switch
        {
            HttpRequestError.NameResolutionError => new(AttemptOutcome.Dns) { Detail = "host name not found" },
            HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError =>
                new(AttemptOutcome.Unreachable) { Detail = "no connection" },
            HttpRequestError.SecureConnectionError => new(AttemptOutcome.Tls) { Detail = "no trusted TLS connection" },
            HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded
                or HttpRequestError.VersionNegotiationError => new(AttemptOutcome.Malformed) { Detail = "the reply is not HTTP as agreed" },
            _ => new(AttemptOutcome.Reset) { Detail = "the connection ended before a reply" },
        };
    }

    /// <summary>What was thrown while the body was read. A status other than 200 has said what matters before.</summary>
    public static AttemptResult InBody(Exception failure, int status, TimeSpan? retryAfter) =>
        status != 200
            ? ResponseReader.ReadFailure(status, root: null, retryAfter)
            : failure is HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse }
            ? new(AttemptOutcome.Malformed) { Status = status, Detail = "the reply is not HTTP as agreed" }
            : new(AttemptOutcome.Truncated) { Status = status, Detail = "the reply broke off" };

    private static ConnectFailedException? FindConnectFailure(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is ConnectFailedException connect)
                return connect;
        }

        return null;
    }
}
