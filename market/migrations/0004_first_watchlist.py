"""Give every installation a first list: 38 coins, by their present names, every 15 minutes."""

from django.db import migrations

# As known before some coins were renamed: MATIC is POL now, FTM is S, MKR is SKY.
COINS = (
    "BTC ETH BNB SOL XRP ADA AVAX DOT POL LINK UNI AAVE CRV SUSHI SKY COMP SNX ATOM NEAR S ARB OP "
    "APT SUI DOGE SHIB PEPE LTC BCH ETC SAND MANA AXS GALA XLM ALGO VET HBAR"
).split()


def store_list(apps, schema_editor):
    # For the real market and the sandbox: either may be what this database is used for.
    for environment in ("live", "sandbox"):
        watchlist = apps.get_model("market", "Watchlist").objects.create(
            environment=environment, name="Main", tags="first", period_min=15
        )
        coins = apps.get_model("market", "WatchlistCoin")
        coins.objects.bulk_create(
            coins(watchlist=watchlist, base=base, position=position)
            for position, base in enumerate(COINS)
        )


class Migration(migrations.Migration):
    dependencies = [("market", "0003_watchlists")]

    # The rows go with their tables; lists that people have made must outlive this step alone.
    operations = [migrations.RunPython(store_list, migrations.RunPython.noop)]
