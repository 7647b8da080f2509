using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Texts;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Stdio;

/// <summary>
/// MCP over a pair of streams, one JSON message a line. It differs from the SDK's stdio transport where that one
/// loses answers or never ends: sending stays possible after the end of input, every line that is no message is
/// answered, what is open is bounded, and <see cref="Ended"/> tells when to stop.
/// </summary>
/// <remarks>
/// 1. The pump reads the input into a bounded pipe and notes its end.
/// 2. The line loop cuts lines, refuses what is no message, and hands messages to the session at once: whoever must wait for a turn
///    does so behind it. A request beyond the bounds of <see cref="StdioLimits"/> waits for a moment, in which a burst is worked off,
///    and is then refused, so that what follows it, a cancellation or the end, is always read.
/// 3. <see cref="SendMessageAsync"/> leaves each message with its newline to <see cref="OutgoingLines"/>.
/// 4. At the end of input open requests have <see cref="StdioLimits.DrainMilliseconds"/> to be answered.
/// </remarks>
internal sealed class StdioTransport : TransportBase
{
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType =
        (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    private const int ReadBytes = 16 * 1024;

    private readonly Stream _input;
    private readonly OutgoingLines _output;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OpenRequests _open = new();
    private readonly CancellationTokenSource _stop;
    private readonly TaskCompletionSource<StdioEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Pipe _pipe = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline,
        writerScheduler: PipeScheduler.ThreadPool,
        pauseWriterThreshold: StdioLimits.MaxReadAheadBytes,
        resumeWriterThreshold: StdioLimits.MaxReadAheadBytes / 2,
        useSynchronizationContext: false));

    private volatile StdioEnd _inputEnd = StdioEnd.EndOfInput;

    /// <summary>Of the line loop: it has waited for room in vain, and waits no more until there is some.</summary>
    private bool _isFull;

    internal StdioTransport(Stream input, Stream output, TimeProvider time, ILoggerFactory loggerFactory)
        : base("stdio", loggerFactory)
    {
        _input = input;
        _output = new OutgoingLines(output, FailOutput);
        _time = time;
        _logger = loggerFactory.CreateLogger<StdioTransport>();
        _stop = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        SetConnected();
        _ = PumpAsync();
        _ = HandleLinesThenDrainAsync();
    }

    /// <summary>Completes once, with the reason, when there is nothing more to read and nothing left to wait for.</summary>
    internal Task<StdioEnd> Ended => _ended.Task;

    /// <summary>What was sent and is not written yet.</summary>
    internal (int Lines, int Bytes) Unwritten => _output.Unwritten;

    public override Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested
            ? Task.FromCanceled(cancellationToken)
            : _output.SendAsync((Transport: this, Message: message), static line => line.Transport.MayBeSent(line.Message), static (writer, line) => Serialize(writer, line.Message));

    public override ValueTask DisposeAsync()
    {
        _stop.Cancel();
        SetDisconnected();
        _ended.TrySetResult(StdioEnd.Stopped);
        return ValueTask.CompletedTask;
    }

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                // Not cancelled by a token: reading a terminal or pipe blocks its thread until bytes or the end come.
                var count = await _input.ReadAsync(_pipe.Writer.GetMemory(ReadBytes), CancellationToken.None);
                if (count == 0)
                    break;
                _pipe.Writer.Advance(count);
                var flushed = await _pipe.Writer.FlushAsync(CancellationToken.None);
                if (flushed.IsCompleted)
                    return;
            }
        }
        catch (Exception failure) when (StandardStreams.IsFailure(failure))
        {
            McpTelemetry.InputFailed(_logger, failure);
            _inputEnd = StdioEnd.InputFailed;
        }

        _stop.CancelAfter(StdioLimits.DrainMilliseconds);
        await _pipe.Writer.CompleteAsync();
    }

    private async Task HandleLinesThenDrainAsync()
    {
        try
        {
            await HandleLinesAsync(_stop.Token);
            await _open.WhenIdleAsync().WaitAsync(_stop.Token);

            // What closes a request is among the lines by then.
            await _output.WhenIdleAsync().WaitAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            McpTelemetry.RequestsAbandoned(_logger);
        }
        catch (Exception bug)
        {
            // Without its reader the process would sit there deaf: say why and let the host stop.
            McpTelemetry.TransportFailed(_logger, bug);
            _inputEnd = StdioEnd.InputFailed;
        }

        await _pipe.Reader.CompleteAsync();
        _ended.TrySetResult(_inputEnd);
    }

    private async Task HandleLinesAsync(CancellationToken cancellationToken)
    {
        var searched = 0L;
        var skipping = false;
        while (true)
        {
            var read = await _pipe.Reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (TryCutLine(ref buffer, ref searched, out var line))
            {
                if (!skipping)
                    await HandleLineAsync(line, cancellationToken);
                skipping = false;
            }

            if (!skipping && buffer.Length > StdioLimits.MaxLineBytes)
            {
                await RefuseAsync(LineRefusal.Invalid(null, ProtocolTexts.LineTooLong), cancellationToken);
                skipping = true;
            }

            if (read.IsCompleted)
            {
                // A last line without a newline is still a line: `printf '{…}' | conversation-hub-mcp`.
                if (!skipping)
                    await HandleLineAsync(buffer, cancellationToken);
                return;
            }

            if (skipping)
            {
                buffer = buffer.Slice(buffer.End);
                searched = 0;
            }

            _pipe.Reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary><paramref name="searched"/>: how much of the buffer is known to hold no newline, so that a long line is not searched anew with each read.</summary>
    private static bool TryCutLine(ref ReadOnlySequence<byte> buffer, ref long searched, out ReadOnlySequence<byte> line)
    {
        if (buffer.Slice(searched).PositionOf((byte)'\n') is not { } newline)
        {
            searched = buffer.Length;
            line = default;
            return false;
        }

        line = buffer.Slice(0, newline);
        buffer = buffer.Slice(buffer.GetPosition(1, newline));
        searched = 0;
        return true;
    }

    private async Task HandleLineAsync(ReadOnlySequence<byte> line, CancellationToken cancellationToken)
    {
        var (message, refusal) = line.Length > StdioLimits.MaxLineBytes
            ? new IncomingLine(null, LineRefusal.Invalid(null, ProtocolTexts.LineTooLong))
            : IncomingLine.Read(line);

        if (message is JsonRpcRequest request)
            refusal = await AdmitAsync(request, line.Length, cancellationToken);
        else if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled)
            Cancel(cancelled);

        if (refusal is not null)
            await RefuseAsync(refusal, cancellationToken);
        else if (message is not null)
            await WriteMessageAsync(message, cancellationToken);
    }

    private async ValueTask<LineRefusal?> AdmitAsync(JsonRpcRequest request, long bytes, CancellationToken cancellationToken)
    {
        Receipt.Note(request, _time);

        // Before the wait for room, and without the id: under it the first request of that id would seem to be answered.
        if (_open.IsOpen(request.Id))
            return LineRefusal.Invalid(null, ProtocolTexts.IdInUse(request.Id));
        if (await WaitForRoomAsync(bytes, cancellationToken) is { } full)
            return LineRefusal.Invalid(request.Id, full);
        return _open.TryOpen(request, bytes) == OpenRequests.Admission.TooManySubscriptions
            ? LineRefusal.Invalid(request.Id, ProtocolTexts.TooManySubscriptions)
            : null;
    }

    /// <returns>What is full; null: there is room.</returns>
    private async ValueTask<string?> WaitForRoomAsync(long bytes, CancellationToken cancellationToken)
    {
        if (WhatIsFull(bytes) is null)
        {
            _isFull = false;
            return null;
        }

        var since = _time.GetTimestamp();
        while (true)
        {
            // Taken before the look: a write that ends between the two is not missed.
            var written = _output.WhenWrittenAsync();
            if (WhatIsFull(bytes) is not { } full)
                return null;
            var left = TimeSpan.FromMilliseconds(StdioLimits.RoomMilliseconds) - _time.GetElapsedTime(since);
            _isFull |= left <= TimeSpan.Zero;
            if (_isFull)
                return full;
            await written.WaitAsync(left, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private string? WhatIsFull(long bytes)
    {
        var ((calls, openBytes), unwritten) = (_open.Load, _output.Unwritten);
        if (unwritten.Bytes > StdioLimits.MaxUnwrittenBytes)
            return ProtocolTexts.AnswersUnread;
        if (calls + unwritten.Lines >= StdioLimits.MaxOpenRequests)
            return ProtocolTexts.TooManyRequests;
        return openBytes + bytes > StdioLimits.MaxOpenBytes ? ProtocolTexts.RequestsTooLarge : null;
    }

    private void Cancel(JsonRpcNotification cancelled)
    {
        if (cancelled.Params is JsonObject parameters && JsonText.RequestId(parameters["requestId"]) is { } id)
            _open.Cancel(id);
    }

    private async ValueTask RefuseAsync(LineRefusal refusal, CancellationToken cancellationToken)
    {
        _output.Post(refusal, static (writer, line) => line.WriteTo(writer));
        McpTelemetry.LineRefused(_logger, (int)refusal.Code, refusal.Message);

        // Who reads nothing is not listened to for ever: refusals, too, take memory.
        while (true)
        {
            var written = _output.WhenWrittenAsync();
            if (_output.Unwritten.Bytes <= StdioLimits.MaxUnwrittenBytesToRead)
                return;
            await written.WaitAsync(cancellationToken);
        }
    }

    private bool MayBeSent(JsonRpcMessage message) => message switch
    {
        JsonRpcResponse answer => _open.Close(answer.Id),
        JsonRpcError error => _open.Close(error.Id),
        JsonRpcNotification { Method: NotificationMethods.ProgressNotification } progress => IsWanted(progress),
        _ => true,
    };

    private bool IsWanted(JsonRpcNotification progress) =>
        progress.Params is JsonObject parameters &&
        JsonText.ProgressToken(parameters["progressToken"]) is { } token &&
        _open.MayProgress(token);

    private static void Serialize(IBufferWriter<byte> output, JsonRpcMessage message)
    {
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = WireEncoding.Encoder });
        JsonSerializer.Serialize(writer, message, MessageType);
    }

    private void FailOutput(Exception failure)
    {
        McpTelemetry.OutputFailed(_logger, failure);
        _ended.TrySetResult(StdioEnd.OutputFailed);
    }
}
