using ConversationHub.Store.Log;
using ConversationHub.Store.Reading;
using ConversationHub.Store.Search;

namespace ConversationHub.Store.Sync;

/// <summary>Reads what was held back from the log again and lets it take effect. Used by the writer's thread.</summary>
internal sealed class QuarantineRelease(LogState state, SegmentFiles files, StatusBoard board)
{
    public void Run()
    {
        lock (state.Gate)
        {
            foreach (var number in state.Quarantine.TakeDue())
            {
                if (!files.TryRead(ConversationReader.Location(state.Index, number), out var operation, out var content))
                {
                    board.FoundDamage("an operation that was held back cannot be read back");
                    continue;
                }

                var terms = content is OperationContent.Message message ? SearchPolicy.TermsOf(message.Body) : TermCounts.Empty;
                state.Interpret(number, operation!, content!, terms);
            }
        }
    }
}
