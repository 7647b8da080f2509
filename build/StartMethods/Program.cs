using System.Reflection;
using System.Reflection.Emit;
using StartMethods;

// StartMethods LIST PROFILE FOLDER: writes the methods that LIST names as a profile for crossgen2 (--mibc), so that they are compiled ahead and
// stand at the front of the image in this order. FOLDER holds the program's own assemblies; those of the framework are this program's. See docs/decisions/0038 and 0067.
const int MostMissingPercent = 10;
if (args is not [var list, var profile, var folder])
{
    Console.Error.WriteLine("usage: StartMethods LIST PROFILE FOLDER");
    return 2;
}

// The web framework's too before the folder's: published for another kind of processor, those there could not be loaded.
var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
var web = Path.Combine(framework, "..", "..", "Microsoft.AspNetCore.App", Path.GetFileName(framework));
var names = new MethodNames(Directory.Exists(web) ? [framework, web, folder] : [framework, folder]);
var lines = File.ReadLines(list).Select(static line => line.Trim()).Where(static line => line.Length > 0 && line[0] != '#').Distinct().ToArray();
var found = lines.Select(line => names.Resolve(line).ToArray()).ToArray();
var missing = lines.Where((_, at) => found[at].Length == 0).ToArray();
if (missing.Length * 100 > lines.Length * MostMissingPercent)
{
    Console.Error.WriteLine($"{list}: error : {missing.Length} of {lines.Length} methods do not exist, such as {missing[0]}. Make the list anew (docs/bench/start-up.md).");
    return 1;
}

// The form that crossgen2 reads: AssemblyDictionary names groups, and a group is a method that loads the token of each method it stands for,
// and its weight: the heaviest is laid out first.
var assembly = new PersistedAssemblyBuilder(new AssemblyName("StartMethods"), typeof(object).Assembly);
var module = assembly.DefineDynamicModule("StartMethods");
var group = module.DefineGlobalMethod("Methods", MethodAttributes.Public | MethodAttributes.Static, typeof(void), []);
var code = group.GetILGenerator();
var weight = found.Sum(static methods => methods.Length);
foreach (var method in found.SelectMany(static methods => methods))
{
    if (method is ConstructorInfo constructor)
        code.Emit(OpCodes.Ldtoken, module.GetMethodMetadataToken(constructor));
    else
        code.Emit(OpCodes.Ldtoken, (MethodInfo)method);
    code.Emit(OpCodes.Ldstr, "ExclusiveWeight");
    code.Emit(OpCodes.Ldc_I4, weight--);
    code.Emit(OpCodes.Pop);
    // Once more: after a method that was trimmed away crossgen2 would otherwise pass over the next one, too.
    code.Emit(OpCodes.Pop);
}

code.Emit(OpCodes.Ret);
code = module.DefineGlobalMethod("AssemblyDictionary", MethodAttributes.Public | MethodAttributes.Static, typeof(void), []).GetILGenerator();
code.Emit(OpCodes.Ldstr, "System.Private.CoreLib;");
code.Emit(OpCodes.Ldtoken, group);
code.Emit(OpCodes.Pop);
code.Emit(OpCodes.Ldtoken, ProfileImage.Canon);
code.Emit(OpCodes.Pop);
code.Emit(OpCodes.Ret);
module.CreateGlobalFunctions();
using var image = new MemoryStream();
assembly.Save(image);
File.WriteAllBytes(profile, ProfileImage.Corrected(image.ToArray()));
return 0;
