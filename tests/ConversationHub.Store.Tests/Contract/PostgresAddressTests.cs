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

    /// <summary>As libpq and every hosting company write them.</summary>
    [Theory]
    [InlineData("sslmode=verify-full", "SSL Mode=VerifyFull")]
    [InlineData("sslmode=verify-ca&sslrootcert=/x/root.pem", "SSL Mode=VerifyCA;Root Certificate=/x/root.pem")]
    [InlineData("sslmode=require&sslcert=/c&sslkey=/k&sslpassword=s", "SSL Mode=Require;SSL Certificate=/c;SSL Key=/k;SSL Password=s")]
    [InlineData("sslnegotiation=direct&gssencmode=disable&krbsrvname=pg", "SSL Negotiation=Direct;GSS Encryption Mode=Disable;Kerberos Service Name=pg")]
    [InlineData("connect_timeout=5", "Timeout=5")]
    [InlineData("keepalives_idle=60&keepalives_interval=7", "TCP Keepalive Time=60;TCP Keepalive Interval=7")]
    [InlineData("target_session_attrs=read-write", "Target Session Attributes=read-write")]
    [InlineData("application_name=hub%201&client_encoding=UTF8&channel_binding=require&options=-c%20lock_timeout%3D5", "Application Name=hub 1;Client Encoding=UTF8;Channel Binding=Require;Options=-c lock_timeout=5")]
    [InlineData("sslmode=&application_name=", "")]
    [InlineData("maximum_pool_size=50&command_timeout=60", "Maximum Pool Size=50;Command Timeout=60")]
    public void TryParse_OptionsOfLibpq_AreThoseOfNpgsql(string options, string expected)
    {
        const string Url = "postgres://ada:secret@db.example/hub";
        var parsed = new NpgsqlConnectionStringBuilder(PostgresAddress.TryParse($"{Url}?{options}", out var error));

        Assert.Null(error);
        Assert.True(parsed.EquivalentTo(new NpgsqlConnectionStringBuilder($"{PostgresAddress.TryParse(Url, out _)};{expected}")), parsed.ConnectionString);
    }

    [Theory]
    [InlineData("unheard=whatever", "unheard", "not known")]
    [InlineData("sslmode=sometimes", "sslmode", "cannot be used")]
    [InlineData("connect_timeout=soon", "connect_timeout", "cannot be used")]
    public void TryParse_AnOptionThatCannotBe_IsNamed(string option, string name, string what)
    {
        Assert.Null(PostgresAddress.TryParse($"postgres://ada:secret@db.example/hub?{option}", out var error));
        Assert.Contains($"option {name} ", error, StringComparison.Ordinal);
        Assert.Contains(what, error, StringComparison.Ordinal);
        Assert.Equal(name == "unheard", error!.Contains("sslmode, sslnegotiation", StringComparison.Ordinal));
        Assert.DoesNotContain(option.Split('=')[1], error, StringComparison.Ordinal);
    }

    /// <summary>A password with a question mark that should have been %3F: what stands behind it is not told.</summary>
    [Fact]
    public void TryParse_PasswordWithAQuestionMark_IsNotTold()
    {
        Assert.Null(PostgresAddress.TryParse("postgres://ada:12?hid=den@db.example/hub", out var error));
        Assert.DoesNotContain("hid", error, StringComparison.Ordinal);
    }
}
