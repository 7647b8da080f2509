using ConversationHub.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace ConversationHub.Routing;

/// <summary>
/// What routing offers, made when it is first used: whoever starts a hub waits for its first answer on the wire, which needs neither
/// HTTP clients nor breakers.
/// </summary>
internal sealed class MadeAtFirstUse<T>(IServiceProvider services)
    where T : class
{
    private volatile T? _made;

    public bool IsMade => _made is not null;

    /// <summary>The container makes one for all, however many ask at once.</summary>
    public T Value => _made ??= services.GetRequiredService<T>();
}

/// <inheritdoc cref="MadeAtFirstUse{T}"/>
internal sealed class DeferredRouter(IServiceProvider services, TimeProvider time) : IQuestionRouter
{
    private static readonly TimeSpan LeastBudget = TimeSpan.FromMilliseconds(1);

    private readonly MadeAtFirstUse<QuestionRouter> _router = new(services);

    public Task<RoutingResult> AskAsync(Question question, CancellationToken cancellationToken)
    {
        if (_router.IsMade)
            return _router.Value.AskAsync(question, cancellationToken);

        // The caller's time runs meanwhile.
        var began = time.GetTimestamp();
        var router = _router.Value;
        ThreadPool.UnsafeQueueUserWorkItem(static _ => RoutingTelemetry.Prepare(), null);
        var left = question.Budget - time.GetElapsedTime(began);
        return router.AskAsync(question with { Budget = left > LeastBudget ? left : LeastBudget }, cancellationToken);
    }
}

/// <inheritdoc cref="MadeAtFirstUse{T}"/>
internal sealed class DeferredHealthReader(IServiceProvider services) : IHealthReader
{
    private readonly MadeAtFirstUse<HealthReader> _reader = new(services);

    public Task<HealthSnapshot> ReadAsync(bool refresh, CancellationToken cancellationToken) => _reader.Value.ReadAsync(refresh, cancellationToken);
}

/// <inheritdoc cref="MadeAtFirstUse{T}"/>
internal sealed class DeferredConversationReader(IServiceProvider services) : IConversationReader
{
    private readonly MadeAtFirstUse<ConversationReader> _reader = new(services);

    public Task<ConversationRead<ConversationPage>> ListAsync(UserId? user, int limit, CancellationToken cancellationToken) =>
        _reader.Value.ListAsync(user, limit, cancellationToken);

    public Task<ConversationRead<ConversationDocument>> ReadAsync(
        ConversationId id, UserId? user, int limit, OperationId? before, CancellationToken cancellationToken) =>
        _reader.Value.ReadAsync(id, user, limit, before, cancellationToken);
}
