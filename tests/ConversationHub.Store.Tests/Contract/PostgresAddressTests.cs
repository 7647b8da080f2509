using ConversationHub.Store.Postgres;
using Npgsql;

namespace ConversationHub.Store.Tests.Contract;

public sealed class PostgresAddressTests
{
    [Theory]
    [InlineData("postgres://ada:s%40crt@db.example:6543/hub?sslmode=require", "db.example", 6543, "hub", "ada", "s@crt")]
    [InlineData("postgresql://ada@localhost/hub", "localhost", 5432, "hub", "ada", null)]
    [InlineData("Host=db;Port=1;Database=hub;Username=ada;Password=x", "db", 1, "hub", "ada", "x")]
    public void TryParse_UrlOrConnectionString_GivesItsParts(string url, string host, int port, string database, string user, string? password)
    {
        var parsed = new NpgsqlConnectionStringBuilder(PostgresAddress.TryParse(url, out var error));

        Assert.Null(error);
        Assert.Equal((host, port, database, user, password), (parsed.Host, parsed.Port, parsed.Database, parsed.Username, parsed.Password));
    }

    [Theory]
    [InlineData("")]
    [InlineData("rubbish")]
    [InlineData("mysql://ada:secret@host/db")]
    [InlineData("postgres://ada:secret@host/db?unheard=of")]
    public void TryParse_AnythingElse_SaysWhatWouldBeRightWithoutTheSecret(string url)
    {
        Assert.Null(PostgresAddress.TryParse(url, out var error));
        Assert.Contains("postgres://", error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }
}
