using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Commands;
using Maestra.Backend.Hosting;
using Maestra.Backend.Logging;

var ids = new IdSource(TimeProvider.System);
await using var log = new LogQueue(Console.Error, TimeProvider.System);
var parts = new BackendParts
{
    Time = TimeProvider.System,
    Ids = ids,
    WriteLog = log.Write,
    OpenStore = (options, logger) => StoreOpener.OpenLog(options, TimeProvider.System, ids, logger),
};
return await BackendCommand.RunAsync(args, BackendCommand.ProcessEnvironment(), Console.Error, parts);
