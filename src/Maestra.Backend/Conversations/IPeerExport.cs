using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Conversations;

/// <summary>Writes the items of <c>peers[]</c> in the export of a user (wire.md §4, §9.2): the peers that are paired for that user. The array itself is there.</summary>
internal interface IPeerExport
{
    ValueTask WriteAsync(Utf8JsonWriter json, UserId user, CancellationToken cancellationToken);
}

/// <summary>Of a backend that knows no peers.</summary>
internal sealed class NoPeerExport : IPeerExport
{
    public ValueTask WriteAsync(Utf8JsonWriter json, UserId user, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
