using System.Text;
using ConversationHub.Mcp.Commands;
using ConversationHub.Mcp.Stdio;

StandardStreams.MakeBlocking();

// First of all: standard output carries MCP frames and nothing else, whatever a library prints later;
// and what goes to standard error is UTF-8 as well, whatever the locale says.
var stdout = StandardStreams.OpenOutput();
Console.OutputEncoding = Encoding.UTF8;
Console.SetOut(Console.Error);

var code = await HubCommandLine.RunAsync(args, stdout, settings => settings.Http is null
    ? ServeCommand.RunAsync(settings, stdout)
    : HttpHandOver.RunAsync(args));

// Not a return: a thread blocked in a read of standard input, or a handler deaf to cancellation, must not hold the process.
Environment.Exit(code);
