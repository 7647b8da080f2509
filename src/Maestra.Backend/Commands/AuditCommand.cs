using System.CommandLine;
using Maestra.Backend.Audit;
using Maestra.Backend.Files;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Commands;

/// <summary><c>audit verify</c>: checks the hash chain of the audit file, also while a backend writes it. Changes nothing.</summary>
internal static class AuditCommand
{
    public static Command Build(Func<ParseResult, SettingSources> sources, TextWriter error)
    {
        var file = new Option<string>("--file") { Description = "the newest file of the log; audit.log in MAESTRA_STATE_ROOT when not given" };
        var expect = new Option<string>("--expect") { Description = "a hash noted earlier, which must still be there" };
        var verify = new Command("verify", "Check the hash chain and name the first broken record") { file, expect };
        verify.SetAction(async (parsed, _) =>
        {
            var reader = new SettingReader(sources(parsed));
            var path = parsed.GetValue(file) is { } named
                ? Path.GetFullPath(named)
                : Path.Combine(reader.Folder(SettingNames.StateRoot, Path.Combine(reader.Home, ".8825")), AuditBinder.FileName);
            if (reader.Errors.Count == 0)
                return await VerifyAsync(path, parsed.GetValue(expect)?.Trim().ToLowerInvariant(), parsed.InvocationConfiguration.Output, error);
            foreach (var mistake in reader.Errors)
                await error.WriteLineAsync(mistake);
            return ExitCode.BadSettings;
        });
        return new Command("audit", "Look after the audit log") { verify };
    }

    private static async Task<int> VerifyAsync(string path, string? expected, TextWriter output, TextWriter error)
    {
        try
        {
            var files = RotatingFile.Existing(path, FileSink.MaxFiles);
            if (files.Count == 0)
            {
                await error.WriteLineAsync($"maestra-backend audit: there is no audit log {path}");
                return ExitCode.StoreUnusable;
            }

            var beginsAtStart = !RotatingFile.MayHaveLost(path, FileSink.MaxFiles);
            var verdict = AuditVerifier.Verify(files.SelectMany(Lines), beginsAtStart, expected);
            if (verdict.Broken is { } broken)
            {
                await error.WriteLineAsync($"maestra-backend audit: broken: {broken}");
                await error.WriteLineAsync($"{verdict.Records} records before it are sound; last sound hash {verdict.LastHash}");
                return ExitCode.StoreUnusable;
            }

            if (verdict.TornTail)
                await output.WriteLineAsync("the last line is incomplete: it is being written, or its writer was killed");
            if (verdict.Dropped > 0)
                await output.WriteLineAsync($"{verdict.Dropped} records are missing: the chain says that the file was full or could not be written when they came");
            await output.WriteLineAsync($"{verdict.Records} records in {verdict.Chains} chains are sound; last hash {verdict.LastHash}");
            return ExitCode.Ended;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"maestra-backend audit: {e.Message}");
            return ExitCode.StoreUnusable;
        }
    }

    private static IEnumerable<AuditLine> Lines(string path)
    {
        var endsWhole = EndsWithLineEnd(path);
        var name = Path.GetFileName(path);
        long number = 0;
        AuditLine? held = null;
        foreach (var text in File.ReadLines(path))
        {
            if (held is { } whole)
                yield return whole;
            held = new AuditLine(name, ++number, text, IsWhole: true);
        }

        if (held is { } last)
            yield return last with { IsWhole = endsWhole };
    }

    private static bool EndsWithLineEnd(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length == 0)
            return true;
        file.Position = file.Length - 1;
        return file.ReadByte() == '\n';
    }
}
