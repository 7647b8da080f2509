using System.Globalization;
using System.Text;

namespace ConversationHub.EndToEnd.Tests.Fuzz;

/// <summary>One line for the hub, and the id under which it must be answered once; null: no id can be read from it.</summary>
internal readonly record struct FuzzLine(byte[] Bytes, int? AnsweredId);

/// <summary>Makes lines as broken clients send them. The same seed makes the same lines.</summary>
internal sealed class LineFuzzer(int seed)
{
    /// <summary>Longer than the longest line that is read.</summary>
    private const int HugeBytes = 5 * 1024 * 1024;

    private const int MaxLargeCharacters = 200_000;

    /// <summary>One line in this many is huge, and one is large: bytes enough, without taking all the time.</summary>
    private const int HugeEvery = 4_000;

    private const int LargeEvery = 500;

    private static readonly string[] Requests =
    [
        """ "method":"ping"}""",
        """ "method":"tools/list","params":{}}""",
        """ "method":"prompts/list"}""",
        """ "method":"resources/templates/list"}""",
        """ "method":"no/such/method","params":{"a":[1,2,{"b":null}]}}""",
        """ "method":"tools/call","params":{"name":"nope"}}""",
        """ "method":"tools/call","params":{"name":"maestra_ask","arguments":{"mesage":"typo"}}}""",
        """ "method":"tools/call","params":{"name":"maestra_ask","arguments":{"message":["not","text"],"route":5}}}""",
        """ "method":"resources/read","params":{"uri":"maestra://conversations/a/b/c"}}""",
        """ "method":"prompts/get","params":{"name":"continue_conversation","arguments":{"conversation_id":"../.."}}}""",
    ];

    private static readonly string[] Malformed =
    [
        """ "method":5}""",
        """ "method":null,"params":{}}""",
        """ "method":"tools/call","params":[]}""",
        """ "method":"tools/call","params":"text"}""",
        """ "method":"tools/call","params":{"name":{"a":1}}}""",
        """ "method":"tools/call","params":{"name":"maestra_ask","arguments":[1]}}""",
        """ "method":"tools/call","params":{"name":"maestra_ask","arguments":{"\ud800":1}}}""",
        """ "method":"tools/call","params":{"name":"maestra_ask","arguments":{"message":"\udc00 half"}}}""",
        """ "method":"ping","params":{"a":1,"a":2}}""",
        """ "method":"ping"} and more""",
        """ "method":"ping",}""",
        """ "params":{}}""",
    ];

    private static readonly string[] WithoutId =
    [
        "",
        "   \t ",
        "[]",
        "[[[[[[[[",
        "null",
        "\"text\"",
        "{}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":null}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":{}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1.5}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":\"\\ud800\"}",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
        "{\"jsonrpc\":\"2.0\",\"id\":777,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":778,\"error\":{\"code\":1,\"message\":\"?\"}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/no-such\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":123456789}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":5}",
    ];

    private readonly Random _random = new(seed);
    private int _id = 1_000;

    /// <summary>The next line, its newline included.</summary>
    public FuzzLine Next()
    {
        if (_random.Next(HugeEvery) == 0)
            return new FuzzLine([.. Enumerable.Repeat((byte)'x', HugeBytes), (byte)'\n'], null);
        if (_random.Next(LargeEvery) == 0)
            return Large();
        return _random.Next(8) switch
        {
            0 or 1 or 2 => Request(Pick(Requests)),
            3 or 4 => Request(Pick(Malformed)),
            5 => Truncated(),
            6 => _random.Next(3) == 0 ? Nested() : Garbage(),
            _ => Line(Pick(WithoutId), null),
        };
    }

    private FuzzLine Request(string rest) => Line(Start(out var id) + rest, id);

    /// <summary>Cut after the id, so that it can still be read.</summary>
    private FuzzLine Truncated()
    {
        var rest = Pick(Requests);
        return Line(Start(out var id) + rest[.._random.Next(rest.Length)], id);
    }

    private FuzzLine Nested()
    {
        var depth = _random.Next(1, 2_000);
        var open = _random.Next(2) == 0;
        return Request($"\"method\":\"ping\",\"params\":{{\"a\":{new string('[', depth)}{(open ? "" : new string(']', depth) + "}}")}");
    }

    private FuzzLine Large() =>
        Request($$"""
            "method":"tools/call","params":{"name":"maestra_health","arguments":{"{{new string('y', _random.Next(MaxLargeCharacters))}}":1} } }
            """);

    private FuzzLine Garbage()
    {
        var bytes = new byte[_random.Next(1, 400)];
        _random.NextBytes(bytes);
        bytes.AsSpan().Replace((byte)'\n', (byte)'?');
        return new FuzzLine([.. bytes, (byte)'\n'], null);
    }

    private string Start(out int id)
    {
        id = ++_id;
        return string.Create(CultureInfo.InvariantCulture, $"{{\"jsonrpc\":\"2.0\",\"id\":{id},");
    }

    private FuzzLine Line(string text, int? id) => new(Encoding.UTF8.GetBytes(text + (_random.Next(5) == 0 ? "\r\n" : "\n")), id);

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}
