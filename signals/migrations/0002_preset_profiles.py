"""Store the engine's preset profiles, so that people can see and change them."""

from django.db import migrations

from market import clock
from signals.engine import BALANCED, PRESETS


def store_presets(apps, schema_editor):
    rows = apps.get_model("signals", "ScoringProfile").objects
    for preset in PRESETS.values():
        rows.create(
            name=preset.name,
            version=preset.version,
            weights={factor.value: weight for factor, weight in preset.weights.items()},
            curve_scales={factor.value: scale for factor, scale in preset.curve_scales.items()},
            long_at=preset.long_at,
            short_at=preset.short_at,
            min_coverage_pct=preset.min_coverage_pct,
            cooldown_h=preset.cooldown_h,
            rescore_distance=preset.rescore_distance,
            is_active=True,
            is_default=preset.name == BALANCED.name,
            created_at=clock.now(),
        )


class Migration(migrations.Migration):
    dependencies = [("signals", "0001_signals_profiles_counts")]

    # The rows go with their table; profiles that people have made must outlive this step alone.
    operations = [migrations.RunPython(store_presets, migrations.RunPython.noop)]
