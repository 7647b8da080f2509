using System.Buffers;
using System.Text;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Tests.Log;

public sealed class LogLineTests
{
    /// <summary>wire.md §10.1, exactly as printed.</summary>
    private const string Vector =
        """{"crc32c":"b6afefd2","v":1,"id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293","kind":"message","user_id":"ada","conversation_id":"conv_2026-01-05_ada_406e64f1","origin":"local_sha256_eed292c6e467c8ef~5f0c9a1e","seq":42,"hlc":"019b8d7df23b0000","body":{"role":"user","content":"What changed in the parser?","surface":"windsurf","mode":null,"timestamp":"2026-01-05T09:30:00.123000Z","meta":{"file_path":"src/Parser.cs","workspace":"parser","operation_id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293"},"fingerprint":"f0008c211a1496993758712bcc71c0926a25f886772af266a2794db55246ac50"}}""";

    [Fact]
    public void TryRead_VectorOfTheSpecification_IsGood()
    {
        var line = Encoding.UTF8.GetBytes(Vector);

        Assert.Equal(LineRead.Good, LogLine.TryRead(line, null, out var operation, out var body));

        Assert.Equal(
            new StoredOperation(
                Guid.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293"), "message", "ada", "conv_2026-01-05_ada_406e64f1",
                "local_sha256_eed292c6e467c8ef~5f0c9a1e", 42, new HybridTimestamp(0x019b8d7df23b0000)),
            operation);
        var message = Assert.IsType<OperationContent.Message>(OperationContent.TryRead("message", line.AsSpan(body))).Body;
        Assert.Equal("What changed in the parser?", message.Content);
    }

    [Fact]
    public void Write_WhatTheVectorSays_GivesTheVectorByteForByte()
    {
        var line = Encoding.UTF8.GetBytes(Vector);
        LogLine.TryRead(line, null, out var operation, out var body);
        var message = Assert.IsType<OperationContent.Message>(OperationContent.TryRead("message", line.AsSpan(body))).Body;
        var written = new ArrayBufferWriter<byte>();

        var length = LogLine.Write(
            written, operation!, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(message, Contracts.MaestraJson.Compact.MessageBody));

        Assert.Equal(Vector + "\n", Encoding.UTF8.GetString(written.WrittenSpan));
        Assert.Equal(line.Length, length);
    }

    [Fact]
    public void Write_AfterAnotherLine_SealsItsOwnBytesOnly()
    {
        var operation = new StoredOperation(Guid.Empty, "message", "ada", "main", "o~1", 1, default);
        var written = new ArrayBufferWriter<byte>();

        LogLine.Write(written, operation, "{}"u8);
        var length = LogLine.Write(written, operation with { Seq = 2 }, "{}"u8);

        var second = written.WrittenSpan[^(length + 1)..^1];
        Assert.Equal(LineRead.Good, LogLine.TryRead(second, null, out var read, out _));
        Assert.Equal(2, read!.Seq);
    }

    [Fact]
    public void TryRead_AnySingleBitFlipped_IsNeverGood()
    {
        var line = Encoding.UTF8.GetBytes(Vector);
        for (var bit = 0; bit < line.Length * 8; bit++)
        {
            line[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(LineRead.Good, LogLine.TryRead(line, null, out _, out _));
            line[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void TryRead_AnyPrefix_IsDamaged()
    {
        var line = Encoding.UTF8.GetBytes(Vector);
        for (var length = 0; length < line.Length; length++)
            Assert.Equal(LineRead.Damaged, LogLine.TryRead(line.AsSpan(0, length), null, out _, out _));
    }

    [Fact]
    public void TryRead_VersionTwo_IsNewer()
    {
        var line = Encoding.UTF8.GetBytes(Vector.Replace("\"v\":1", "\"v\":2", StringComparison.Ordinal));
        ChecksumLine.Seal(line);

        Assert.Equal(LineRead.Newer, LogLine.TryRead(line, null, out _, out _));
    }

    /// <summary>RFC 3720 §B.4.</summary>
    [Theory]
    [InlineData(0x00, 0x8a9136aau)]
    [InlineData(0xFF, 0x62a8ab43u)]
    public void Checksum_ThirtyTwoEqualBytes_IsThatOfTheStandard(byte value, uint expected) =>
        Assert.Equal(expected, ChecksumLine.Checksum(Enumerable.Repeat(value, 32).ToArray()));

    [Fact]
    public void Checksum_NineDigits_IsTheCheckValue() =>
        Assert.Equal(0xe3069283u, ChecksumLine.Checksum("123456789"u8));
}
