using System.Text;
using ConversationHub.Mcp.Commands;
using ConversationHub.Mcp.Stdio;
using ConversationHub.McpHttp;

const string Transport = "--transport";

// Also here: what a library prints must not mix with what `ask` and `health` tell, and all of it is UTF-8.
var stdout = StandardStreams.OpenOutput();
Console.OutputEncoding = Encoding.UTF8;
Console.SetOut(Console.Error);

// This program has one transport; naming it is left to whoever is handed over from the other.
string[] with = Array.Exists(args, static each => each.StartsWith(Transport, StringComparison.Ordinal)) ? args : [.. args, Transport, "http"];
var code = await HubCommandLine.RunAsync(with, stdout, HttpProgram.RunAsync);
Environment.Exit(code);
