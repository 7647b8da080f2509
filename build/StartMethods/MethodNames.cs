using System.Reflection;

namespace StartMethods;

/// <summary>
/// Finds methods by the names that the runtime gives them in its list of what it compiles, such as
/// <c>Namespace.Type`1[Argument]:Method[Argument](parameters)</c>. Parameters are not looked at: all of that name are meant.
/// </summary>
/// <param name="folders">Whose assemblies are searched; of those with the same name the first counts.</param>
internal sealed class MethodNames(params string[] folders)
{
    private const string CoreLibrary = "System.Private.CoreLib.dll";
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<string, string> ShortNames = new()
    {
        ["bool"] = "System.Boolean", ["char"] = "System.Char", ["byte"] = "System.Byte", ["sbyte"] = "System.SByte", ["short"] = "System.Int16",
        ["ushort"] = "System.UInt16", ["int"] = "System.Int32", ["uint"] = "System.UInt32", ["long"] = "System.Int64", ["ulong"] = "System.UInt64",
        ["nint"] = "System.IntPtr", ["nuint"] = "System.UIntPtr", ["float"] = "System.Single", ["double"] = "System.Double",
    };

    private readonly Assembly[] _assemblies =
    [
        typeof(object).Assembly,
        .. folders.SelectMany(static folder => Directory.GetFiles(folder, "*.dll"))
            .DistinctBy(Path.GetFileName)
            .Where(static path => Path.GetFileName(path) != CoreLibrary)
            .Select(TryLoad)
            .OfType<Assembly>(),
    ];

    /// <returns>Nothing when there is no such method.</returns>
    public IEnumerable<MethodBase> Resolve(string line)
    {
        var colon = OutsideBrackets(line, ':');
        if (colon < 0)
            return [];
        var rest = line[(colon + 1)..];
        var end = OutsideBrackets(rest, '(');
        var (name, arguments) = Parts(end < 0 ? rest : rest[..end]);
        if (arguments.Contains(null))
            return [];
        return TypesOf(line[..colon]).SelectMany(static type => type.GetMembers(Declared)).OfType<MethodBase>()
            .Where(method => method.Name == name).Select(method => Made(method, arguments!)).OfType<MethodBase>();
    }

    private static MethodBase? Made(MethodBase method, Type[] arguments)
    {
        if (method is not MethodInfo { IsGenericMethodDefinition: true } generic)
            return arguments.Length == 0 ? method : null;
        if (generic.GetGenericArguments().Length != arguments.Length)
            return null;
        try
        {
            return generic.MakeGenericMethod(arguments);
        }
        catch (ArgumentException)
        {
            // Another overload, whose constraints these arguments do not meet.
            return null;
        }
    }

    private Type? TypeOf(string name) => TypesOf(name).FirstOrDefault();

    /// <returns>More than one where several assemblies have a type of that name, each its own.</returns>
    private IEnumerable<Type> TypesOf(string name)
    {
        if (name.EndsWith("[]", StringComparison.Ordinal))
            return TypesOf(name[..^2]).Select(static type => type.MakeArrayType());
        var (plain, arguments) = Parts(name);
        plain = ShortNames.GetValueOrDefault(plain, plain);
        return arguments.Contains(null)
            ? []
            : _assemblies.Select(assembly => assembly.GetType(plain)).OfType<Type>().Select(type => Made(type, arguments!)).OfType<Type>();
    }

    private static Type? Made(Type type, Type[] arguments)
    {
        if (type.GetGenericArguments().Length != arguments.Length)
            return null;
        try
        {
            return arguments.Length == 0 ? type : type.MakeGenericType(arguments);
        }
        catch (ArgumentException)
        {
            // The arguments of an earlier version of it.
            return null;
        }
    }

    private (string Name, Type?[] Arguments) Parts(string text)
    {
        var bracket = text.IndexOf('[', StringComparison.Ordinal);
        return bracket < 0 ? (text, []) : (text[..bracket], [.. Split(text[(bracket + 1)..^1]).Select(TypeOf)]);
    }

    private static int OutsideBrackets(string text, char wanted)
    {
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (depth == 0 && text[i] == wanted)
                return i;
            depth += text[i] switch { '[' => 1, ']' => -1, _ => 0 };
        }

        return -1;
    }

    private static IEnumerable<string> Split(string list)
    {
        for (int comma; (comma = OutsideBrackets(list, ',')) >= 0; list = list[(comma + 1)..])
            yield return list[..comma];
        yield return list;
    }

    private static Assembly? TryLoad(string path)
    {
        try
        {
            return Assembly.LoadFrom(path);
        }
        catch (Exception unfit) when (unfit is BadImageFormatException or FileLoadException)
        {
            // No assembly, or one that is loaded in another version: its methods stay unfound.
            return null;
        }
    }
}
