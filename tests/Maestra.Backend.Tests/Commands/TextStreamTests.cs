using System.Text;
using Maestra.Backend.Commands;

namespace Maestra.Backend.Tests.Commands;

public sealed class TextStreamTests
{
    /// <summary>Pieces end where they like, in the middle of a character too.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1_500)]
    public void Write_InPieces_IsTheSameText(int piece)
    {
        var text = string.Concat(Enumerable.Repeat("Größe 😀 東京 ", 500));
        var bytes = Encoding.UTF8.GetBytes(text);
        using var output = new StringWriter();
        using (var stream = new TextStream(output))
        {
            for (var at = 0; at < bytes.Length; at += piece)
                stream.Write(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)));
        }

        Assert.Equal(text, output.ToString());
    }
}
