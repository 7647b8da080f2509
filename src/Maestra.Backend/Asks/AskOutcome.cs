using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;

namespace Maestra.Backend.Asks;

/// <summary>What became of a question.</summary>
internal abstract record AskOutcome
{
    private AskOutcome()
    {
    }

    /// <param name="Reply">Durable.</param>
    /// <param name="Replayed">It had been stored before this question was asked.</param>
    public sealed record Answered(ConversationId ConversationId, StoredReply Reply, bool Replayed) : AskOutcome
    {
        /// <summary>The question was stored before, and an earlier run of it ended without a reply.</summary>
        public bool Resumed { get; init; }

        /// <summary>Another caller was told of the same work before, and counts what it cost.</summary>
        public bool IsCounted { get; init; }

        /// <summary>A peer that can be reached may hold messages that this reply did not know.</summary>
        public bool IsStale { get; init; }

        /// <summary>Its owner keeps the conversation on this backend.</summary>
        public bool IsLocalOnly { get; init; }
    }

    /// <param name="Problem">What every caller who waits is told.</param>
    public sealed record Failed(HttpReply.Refused Problem) : AskOutcome;
}
