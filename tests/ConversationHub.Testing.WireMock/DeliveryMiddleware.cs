using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace ConversationHub.Testing.WireMock;

/// <summary>In front of WireMock.Net: holds its response back until it is whole, then delivers it as the stub wants.</summary>
internal sealed class DeliveryMiddleware(Func<string, string, Delivery?> find, CancellationToken stopping)
{
    private const int GarbageBytes = 256;
    private const int GarbageSeed = 8825;

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var body = context.Response.Body;
        using var held = new MemoryStream();
        context.Response.Body = held;
        await next(context);
        context.Response.Body = body;

        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            switch (find(context.Request.Method, context.Request.Path))
            {
                case Delivery.Silent:
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone.Token);
                    break;
                case Delivery.Dripping dripping:
                    await DripAsync(context.Response, held.ToArray(), dripping, gone.Token);
                    break;
                case Delivery.Broken broken:
                    await BreakAsync(context, broken.Fault);
                    break;
                default:
                    await context.Response.Body.WriteAsync(held.ToArray(), gone.Token);
                    break;
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    private static async Task DripAsync(HttpResponse response, byte[] body, Delivery.Dripping dripping, CancellationToken gone)
    {
        await response.StartAsync(gone);
        foreach (var part in body.Chunk((body.Length + dripping.Parts - 1) / dripping.Parts))
        {
            await Task.Delay(dripping.Total / dripping.Parts, TimeProvider.System, gone);
            await response.Body.WriteAsync(part, gone);
            await response.Body.FlushAsync(gone);
        }
    }

    private static async Task BreakAsync(HttpContext context, WireMockFault fault)
    {
        // The caller has sent all of its request and reads: nothing of the server's own is on this socket.
        var socket = context.Features.Get<IConnectionSocketFeature>()!.Socket;
        var garbage = new byte[GarbageBytes];
        new Random(GarbageSeed).NextBytes(garbage);
        switch (fault)
        {
            case WireMockFault.ConnectionReset:
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Close();
                break;
            case WireMockFault.EmptyResponse:
                socket.Shutdown(SocketShutdown.Both);
                break;
            case WireMockFault.MalformedChunk:
                await SendAsync(socket, [.. Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"), .. garbage]);
                socket.Shutdown(SocketShutdown.Both);
                break;
            case WireMockFault.RandomDataThenClose:
                await SendAsync(socket, garbage);
                socket.Shutdown(SocketShutdown.Both);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault, "Not a fault.");
        }

        context.Abort();
    }

    private static async Task SendAsync(Socket socket, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes.AsMemory(sent), SocketFlags.None);
    }
}
