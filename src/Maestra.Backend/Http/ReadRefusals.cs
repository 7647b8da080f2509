using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Http;

/// <summary>What to answer when a conversation could not be read.</summary>
internal static class ReadRefusals
{
    public static HttpReply.Refused Of(ReadOutcome outcome) => outcome switch
    {
        ReadOutcome.NotFound => Refusals.ConversationNotFound(),
        ReadOutcome.Erased => Refusals.ConversationErased(),
        ReadOutcome.Ambiguous => Refusals.AmbiguousConversation(),
        ReadOutcome.Damaged => Refusals.ConversationDamaged(),
        ReadOutcome.Unavailable unavailable => Refusals.StoreFailure(unavailable.Failure),
        ReadOutcome.UnknownMessage => HttpReply.Invalid(
        [
            new ValidationError
            {
                Type = ValidationErrorType.ValueError,
                Loc = [ErrorLocation.Query, "before"],
                Msg = "Input should be the id of a message in this conversation",
            },
        ]),
        _ => throw new InvalidOperationException($"{outcome.GetType().Name} is no refusal."),
    };
}
