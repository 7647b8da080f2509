using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Index;
using Npgsql;
using NpgsqlTypes;

namespace ConversationHub.Store.Postgres;

/// <summary>Values to and from columns.</summary>
internal static class PostgresRows
{
    public static void Text(this NpgsqlParameterCollection parameters, string? value) =>
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = (object?)value ?? DBNull.Value });

    public static void Number(this NpgsqlParameterCollection parameters, long value) =>
        parameters.Add(new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint });

    public static void NumberOrNull(this NpgsqlParameterCollection parameters, long? value) =>
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Bigint, Value = (object?)value ?? DBNull.Value });

    public static void Number(this NpgsqlParameterCollection parameters, int value) =>
        parameters.Add(new NpgsqlParameter<int> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Integer });

    public static void Flag(this NpgsqlParameterCollection parameters, bool value) =>
        parameters.Add(new NpgsqlParameter<bool> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Boolean });

    public static void Id(this NpgsqlParameterCollection parameters, Guid value) =>
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Uuid });

    public static void IdOrNull(this NpgsqlParameterCollection parameters, Guid? value) =>
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Uuid, Value = (object?)value ?? DBNull.Value });

    public static void Time(this NpgsqlParameterCollection parameters, DateTimeOffset? value) =>
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.TimestampTz, Value = value is { } time ? time.UtcDateTime : DBNull.Value });

    public static void Span(this NpgsqlParameterCollection parameters, TimeSpan value) =>
        parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Interval });

    public static void Texts(this NpgsqlParameterCollection parameters, string[]? values) =>
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, Value = (object?)values ?? DBNull.Value });

    public static string? TextOrNull(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static long? NumberOrNull(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);

    public static DateTimeOffset Time(this NpgsqlDataReader reader, int column) => new(reader.GetDateTime(column), TimeSpan.Zero);

    public static List<T> All<T>(this NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row)
    {
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(row(reader));
        return rows;
    }

    /// <summary>Columns: user_id, id, topic, title, status, surfaces, created_at, updated_at, message_count.</summary>
    public static ConversationSummary Summary(NpgsqlDataReader reader) => new()
    {
        Owner = reader.GetString(0),
        Id = reader.GetString(1),
        Topic = reader.TextOrNull(3) ?? reader.GetString(2),
        Status = reader.GetString(4),
        Surfaces = reader.GetFieldValue<string[]>(5),
        CreatedAt = reader.Time(6),
        UpdatedAt = reader.Time(7),
        MessageCount = reader.GetInt32(8),
    };

    /// <summary>Columns: id, body.</summary>
    public static ConversationMessage Message(NpgsqlDataReader reader)
    {
        var body = Body(reader, 1);
        return new ConversationMessage
        {
            Id = new OperationId(reader.GetGuid(0)).ToString(),
            Role = body.Role,
            Content = body.Content,
            Surface = body.Surface,
            Mode = body.Mode,
            Timestamp = body.Timestamp,
            Meta = body.Meta,
        };
    }

    public static MessageBody Body(NpgsqlDataReader reader, int column) =>
        JsonSerializer.Deserialize(reader.GetString(column), MaestraJson.Compact.MessageBody)!;

    /// <summary>Columns: hlc, origin, body.</summary>
    public static (string Name, FieldValue Value) Field(NpgsqlDataReader reader)
    {
        var body = JsonSerializer.Deserialize(reader.GetString(2), MaestraJson.Compact.FieldBody)!;
        return (body.Name, new FieldValue(new HybridTimestamp((ulong)reader.GetInt64(0)), reader.GetString(1), body.Timestamp, body.Value.GetRawText()));
    }
}
