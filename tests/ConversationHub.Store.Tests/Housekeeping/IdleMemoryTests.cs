using ConversationHub.Store.Housekeeping;
using ConversationHub.Testing.Time;

namespace ConversationHub.Store.Tests.Housekeeping;

public sealed class IdleMemoryTests
{
    private const long Start = 100L << 20;
    private const long Much = Start + IdleMemory.WorthBytes;

    private readonly ManualTimeProvider _time = new();
    private (int Collections, long Committed) _now = (7, Start);
    private int _given;

    [Fact]
    public void Run_AtRestAfterABurst_GivesBackOnce()
    {
        var memory = New(left: Start);
        Pass(memory, collections: 500, Much);
        Assert.Equal(0, _given);

        Pass(memory, IdleMemory.FewCollections, Much);
        Assert.Equal(1, _given);
        Pass(memory, 1, Start);
        Pass(memory, 1, Start);
        Assert.Equal(1, _given);

        Pass(memory, collections: 500, Much);
        Pass(memory, collections: 0, Much);
        Assert.Equal(2, _given);
    }

    [Fact]
    public void Run_WhileThereIsWorkOrLittleToGain_DoesNothing()
    {
        var memory = New(left: Start);
        for (var window = 0; window < 5; window++)
            Pass(memory, IdleMemory.FewCollections + 1, Much * 2);
        Pass(memory, collections: 0, Much - 1);

        Assert.Equal(0, _given);
    }

    [Fact]
    public void Run_BeforeTheWindowIsOver_DoesNotLook()
    {
        var memory = New(left: Start);
        _now = (7, Much);
        _time.Advance(IdleMemory.Window - TimeSpan.FromMilliseconds(1));

        memory.Run();

        Assert.Equal(0, _given);
    }

    /// <summary>What is in use grows with the store: a stop that gives nothing back is not made again and again.</summary>
    [Fact]
    public void Run_NothingToGiveBack_IsNotTriedAgain()
    {
        var memory = New(left: Much);
        for (var window = 0; window < 5; window++)
            Pass(memory, collections: 1, Much);

        Assert.Equal(1, _given);
    }

    private IdleMemory New(long left) => new(_time, () => _now, () =>
    {
        _given++;
        _now = (_now.Collections + 1, left);
    });

    private void Pass(IdleMemory memory, int collections, long committed)
    {
        _now = (_now.Collections + collections, committed);
        _time.Advance(IdleMemory.Window);
        memory.Run();
    }
}
