using ConversationHub.Store.Log;
using ConversationHub.Store.Reading;

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

                state.Interpret(number, operation!, content!);
            }
        }
    }
}
