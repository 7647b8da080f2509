using ConversationHub.Store.Views;

namespace ConversationHub.Store.Tests.Views;

public sealed class ViewBacklogTests
{
    [Fact]
    public void Take_SomeAreAddedAgainAndAgain_NobodyWaitsBehindThem()
    {
        var backlog = new ViewBacklog();
        for (var conversation = 0; conversation < 10; conversation++)
            backlog.Add(conversation);

        var taken = new List<int>();
        for (var round = 0; round < 5; round++)
        {
            var part = backlog.Take(2, static _ => true);
            taken.AddRange(part);
            part.ForEach(backlog.Add);
        }

        Assert.Equal(Enumerable.Range(0, 10), taken);
        Assert.Equal(10, backlog.Count);
    }

    [Fact]
    public void Add_OneThatIsHeld_KeepsItsPlaceAndIsTakenOnce()
    {
        var backlog = new ViewBacklog();
        backlog.Add(7);
        backlog.Add(8);
        backlog.Add(7);

        Assert.Equal([7, 8], backlog.Take(5, static _ => true));
        Assert.Equal(0, backlog.Count);
    }

    [Fact]
    public void Take_OneIsNotDue_TheOthersAreTakenAndItStays()
    {
        var backlog = new ViewBacklog();
        for (var conversation = 0; conversation < 4; conversation++)
            backlog.Add(conversation);

        Assert.Equal([1, 2], backlog.Take(2, static conversation => conversation != 0));
        Assert.Equal([3, 0], backlog.Take(5, static _ => true));
    }

    [Fact]
    public void Take_EnoughIsSaid_TakesThatOneAndNoFurther()
    {
        var backlog = new ViewBacklog();
        for (var conversation = 0; conversation < 4; conversation++)
            backlog.Add(conversation);

        Assert.Equal([0, 1], backlog.Take(5, static _ => true, static conversation => conversation == 1));
        Assert.Equal([2, 3], backlog.Take(5, static _ => true));
    }
}
