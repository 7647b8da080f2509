using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Commands;
using Maestra.Backend.Hosting;
using Maestra.Backend.Logging;
using Maestra.Backend.Streaming;

// Before anything is written: in another charset of the locale an export would lose text, and say nothing.
Console.OutputEncoding = Encoding.UTF8;

var ids = new IdSource(TimeProvider.System);
await using var log = new LogQueue(Console.Error, TimeProvider.System);
using var heartbeats = new OwnThreadTime();
var parts = new BackendParts
{
    Time = TimeProvider.System,
    Heartbeats = heartbeats,
    Ids = ids,
    WriteLog = log.Write,
    IsErrorATerminal = !Console.IsErrorRedirected,
    OpenStore = (options, logger) => StoreOpener.OpenLog(options, TimeProvider.System, ids, logger),
};
await using var error = new TolerantWriter(Console.Error);
return await BackendCommand.RunAsync(args, BackendCommand.ProcessEnvironment(), error, parts);
