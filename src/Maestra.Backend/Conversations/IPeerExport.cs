using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Conversations;

/// <summary>Writes the items of <c>peers[]</c> in the export of a user (wire.md §4, §9.2): the peers that are paired for that user. The array itself is there.</summary>
internal interface IPeerExport
{
    /// <returns>False when they cannot be read: an empty list would claim that there are none.</returns>
    ValueTask<bool> TryWriteAsync(Utf8JsonWriter json, UserId user, CancellationToken cancellationToken);
}
