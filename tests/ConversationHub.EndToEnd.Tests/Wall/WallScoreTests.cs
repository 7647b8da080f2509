using Xunit.Sdk;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>That the wall can fail.</summary>
public sealed class WallScoreTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(5_050, 0)]
    [InlineData(5_250, 200)]
    public void CheckTime_AnswerInTime_Passes(int took, int heldUp) =>
        WallScore.CheckTime(Budget, TimeSpan.FromMilliseconds(took), TimeSpan.FromMilliseconds(heldUp));

    [Theory]
    [InlineData(5_051, 0)]
    [InlineData(5_251, 200)]
    public void CheckTime_LateAnswer_Fails(int took, int heldUp) =>
        Assert.Throws<TrueException>(() => WallScore.CheckTime(Budget, TimeSpan.FromMilliseconds(took), TimeSpan.FromMilliseconds(heldUp)));
}
