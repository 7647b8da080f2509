using ConversationHub.Store.Disk;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Log;
using ConversationHub.Store.Snapshots;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;

namespace ConversationHub.Store.Tests.Housekeeping;

public sealed class SegmentScrubTests
{
    private const int DamagedRegion = 2002;
    private const int Segments = 3;

    /// <summary>A backend that is stopped before the end of a large store would else never come to it.</summary>
    [Fact]
    public void CheckNext_AfterARestart_GoesOnWhereItEnded()
    {
        using var folder = new DamagedLog();

        Assert.Equal([1], folder.Check(Segments - 2));
        Assert.Equal([2], folder.Check(1));
        Assert.Equal([3, 1, 2], folder.Check(Segments));
        Assert.Equal([3, 1, 2], folder.Check(Segments));
    }

    [Theory]
    [InlineData("damaged")]
    [InlineData("beyond")]
    [InlineData("before")]
    [InlineData("gone")]
    public void CheckNext_PlaceIsOfNoUse_BeginsWithTheFirst(string how)
    {
        using var folder = new DamagedLog();
        folder.Check(1);
        switch (how)
        {
            case "damaged":
                File.WriteAllText(folder.Log.Scrub, "{\"crc32c\":\"00000000\",\"v\":1,\"segment\":2}\n");
                break;
            case "beyond":
                ScrubPlace.Write(folder.Log.Scrub, PhysicalDisk.Instance, Segments + 1);
                break;
            case "before":
                ScrubPlace.Write(folder.Log.Scrub, PhysicalDisk.Instance, 0);
                break;
            default:
                File.Delete(folder.Log.Scrub);
                break;
        }

        Assert.Equal([1, 2, 3], folder.Check(Segments));
    }

    /// <summary>Segments of one damaged line each, so that the order in which they are looked at is told.</summary>
    private sealed class DamagedLog : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly SegmentFiles _files;

        public DamagedLog()
        {
            Log = new LogFolder(_folder.Combine("hub"));
            Directory.CreateDirectory(Log.Log);
            _files = new SegmentFiles(Log, PhysicalDisk.Instance, new ManualTimeProvider());
            for (var number = 1; number <= Segments; number++)
            {
                File.WriteAllText(Log.Segment(number), "damaged\n");
                _files.Open(number);
            }
        }

        public LogFolder Log { get; }

        /// <summary>One run, which ends after so many segments.</summary>
        /// <returns>Those it looked at, in order.</returns>
        public int[] Check(int segments)
        {
            var logger = new CapturingLogger();
            var end = new SegmentCover(Segments, new FileInfo(Log.Segment(Segments)).Length);
            var scrub = new SegmentScrub(
                new LogState(StoreNamespace.Shared, searches: false), _files, Log, PhysicalDisk.Instance, end, new StatusBoard(LogStore.Kind), logger);
            for (var told = 0; told < segments;)
            {
                Assert.False(scrub.IsDone);
                told += scrub.CheckNext() ? 1 : 0;
            }

            Assert.Equal(segments == Segments, scrub.IsDone);
            return
            [
                .. logger.Records.Snapshot().Where(static record => record.Event.Id == DamagedRegion)
                    .Select(static record => int.Parse(Path.GetFileNameWithoutExtension((string)record.Properties[0].Value!), System.Globalization.CultureInfo.InvariantCulture)),
            ];
        }

        public void Dispose()
        {
            _files.Dispose();
            _folder.Dispose();
        }
    }
}
