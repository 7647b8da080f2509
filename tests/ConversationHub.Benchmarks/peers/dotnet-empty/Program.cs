using System.Buffers.Text;
using System.Text;

// Answers every request with an empty result, by its id alone: neither JSON nor anything else of the framework is used.
using var input = Console.OpenStandardInput();
using var output = Console.OpenStandardOutput();
var line = new byte[64 * 1024];
var held = 0;
for (int read; (read = input.Read(line, held, line.Length - held)) > 0;)
{
    held += read;
    int end;
    while ((end = Array.IndexOf(line, (byte)'\n', 0, held)) >= 0)
    {
        var at = line.AsSpan(0, end).IndexOf("\"id\":"u8);
        if (at >= 0 && Utf8Parser.TryParse(line.AsSpan(at + 5, end - at - 5), out int id, out _))
            output.Write(Encoding.ASCII.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n"));
        line.AsSpan(end + 1, held - end - 1).CopyTo(line);
        held -= end + 1;
    }
}
