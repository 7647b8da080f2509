using System.Buffers;
using System.Text;
using ConversationHub.Mcp.Stdio;

namespace ConversationHub.Mcp.Tests.Stdio;

public sealed class IncomingLineTests
{
    private const int Lines = 20_000;

    private static readonly string[] Seeds =
    [
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"maestra_ask","arguments":{"message":"hi \u00e9 日本"},"_meta":{"progressToken":"p"}}}""",
        """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}""",
        """{"jsonrpc":"2.0","id":"x","result":{"a":[1,2.5e300,null,true]}}""",
        """[{"jsonrpc":"2.0","id":1,"method":"ping"}]""",
    ];

    [Fact]
    public void Read_MutatedLines_NeverThrowsAndRefusesWhatIsNoMessage()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < Lines; i++)
        {
            var line = Mutate(Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]), random);
            try
            {
                var (message, refusal) = IncomingLine.Read(new ReadOnlySequence<byte>(line));
                Assert.False(message is not null && refusal is not null);
                if (refusal is not null)
                    refusal.WriteTo(new ArrayBufferWriter<byte>());
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}, line {i}: {Convert.ToBase64String(line)}", failure);
            }
        }
    }

    [Fact]
    public void Read_LineInSegments_IsReadAsOne()
    {
        var bytes = Encoding.UTF8.GetBytes(Seeds[0]);
        var first = new Segment(bytes.AsMemory(0, 40), 0);
        var last = first.Append(bytes.AsMemory(40));
        Assert.NotNull(IncomingLine.Read(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length)).Message);
    }

    private static byte[] Mutate(byte[] line, Random random)
    {
        var bytes = line.ToList();
        for (var change = random.Next(4); change >= 0 && bytes.Count > 0; change--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(20), bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
