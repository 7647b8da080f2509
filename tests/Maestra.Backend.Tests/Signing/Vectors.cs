using Maestra.Backend.Identity;

namespace Maestra.Backend.Tests.Signing;

/// <summary>wire.md §15.</summary>
internal static class Vectors
{
    public const string LocalId = "local_sha256_eed292c6e467c8ef";
    public const string HostedId = "hosted_sha256_584782401a33660a";
    public const string SbtId = "sbt_6f1d2c3b4a596877";
    public const string Timestamp = "1767605400123";
    public const string Nonce = "000102030405060708090a0b0c0d0e0f";
    public const string Body = """{"ping": true}""";
    public const string Code = "hosted_sha256_584782401a33660a.mfrggzdfmztwq2lknnwg23tpobyxe43u";
    public const string PairingProof = "0UgaSwWyYqGDu8NXsD385DeVjKgvi8wq8BJLbc5ynjI";

    public const string PublicKey =
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAowiepcGgFszM7AKKgpWFrHRwCtzx1Ka3oFoLzck6br8FGGI70MyX8I/SSYVgAha+NOtqO7B9WNF7dvscnSoh3nKw6rHngsjMXsXLW/5BfYTGtQNkSs3oGtz+M/XpzgBdNEjXwVtL1oYUI6M7cKeqY+e0r05o6ASnKQtIMmMexlKVTtlZj6+QxsnVlZYDGKsGK2CBKkTVc9VR1Kc95cGdzvgY+UgMWJ9gWEmJHxhbvHfCZZql1BVeicVSXFS0S0slgrXIe6YmawR7iWT7pVhdYL89M8flKGkBacaonQf72OeKNEMJdF6NF8w3gemD8CwqSpOBBOymlYulZOjjkHJyLwIDAQAB";

    public const string Sbt =
        "eyJhbGciOiAiUFMyNTYiLCAia2lkIjogImxvY2FsX3NoYTI1Nl9lZWQyOTJjNmU0NjdjOGVmIiwgInR5cCI6ICJTQlQifQ.eyJjcmVhdGVkX2F0IjogIjIwMjYtMDEtMDVUMDk6MzA6MDAuMDAwMDAwWiIsICJleHBpcmVzX2F0IjogIjIwMjYtMDEtMDVUMTc6MzA6MDAuMDAwMDAwWiIsICJob3N0ZWRfYmFja2VuZF9pZCI6ICJob3N0ZWRfc2hhMjU2XzU4NDc4MjQwMWEzMzY2MGEiLCAibG9jYWxfYmFja2VuZF9pZCI6ICJsb2NhbF9zaGEyNTZfZWVkMjkyYzZlNDY3YzhlZiIsICJzYnRfaWQiOiAic2J0XzZmMWQyYzNiNGE1OTY4NzciLCAic2Vzc2lvbl9pZCI6ICJzZXNzXzAwMSIsICJ1c2VyX2lkIjogImFkYSJ9.LIpKArU4cxi6WFjSw_9_0UP9z8UN2EJQt0oioqLTfaFrFT7vVXvmLoDB8W53AyCHLfMF7osmlg3mvW2D7Lh4CYNWp-oCHSqxFniI4NRyx4Va4Bxlw9Uw5es4OmXV_TpihrmRn8t1-qZ-otkJZC9Vy1LgC7Cw8iw1-HkX6SbUTTtBKvfg-PgQj2twljcfwuSe_rmrO04uJWmlsYyTO0EdBD9mGUIj7LmR8hvmj_pG6FHvnHG8R-iE6UT7M9iXaQfET5IyuiKK57d90fU727Aw7mhcIs5f7W-_0zD8q1uohXO3OSvYlh5JBEN0hC42pglfRm_TzuZ5bzu7We4eDa18-Q";

    public const string RequestSignature =
        "A26O6osh07zuVL1xXry8H1_gHJRoC-3Ckm_9ScnzbDHFos_N--KVSeML9v9Memy1fx8taH0BcojPrjAMr3aFZwfg9XDaUPMUHMkdkctSqcnymxe69uB0X-6dwJWevn-Bt50Xc1aA6ilqQ8xnRFrVbpdppRushBgb26W3AQGRGgIPyYGPJ4zN7TEtRuW5iY7nnKo1yuOeOmc5FRICcbdeAhsSoEtbhReQ1EW2_pGO5yD3VSAeXTQJz0p5bhJnWBHMNgVCQSRJNtXwZg2M-pNSXOuys1TxmEpglYe47jWqXTJ-2v0mrm6vFCN-J6EhpOwExBiqVJapx9rp2yvhfPT0iQ";

    public static PeerKey Key => PeerKey.TryParseBase64(PublicKey, out var key) ? key : throw new InvalidOperationException("The vector key is not read.");
}
