using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Commands;
using Maestra.Backend.Hosting;

var ids = new IdSource(TimeProvider.System);
var parts = new BackendParts
{
    Time = TimeProvider.System,
    Ids = ids,
    LogOutput = Console.Error,
    OpenStore = (options, logger) => StoreOpener.OpenLog(options, TimeProvider.System, ids, logger),
};
return await BackendCommand.RunAsync(args, BackendCommand.ProcessEnvironment(), Console.Error, parts);
