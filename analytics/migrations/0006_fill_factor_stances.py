"""Note what each factor said in the outcomes that are there already.

Each portion is a transaction of its own and writes only rows that are empty: what a run that was
cut off has filled is kept.
"""

from collections import defaultdict

from django.db import migrations, transaction

from analytics.engine.sums import stances_of

PORTION = 500


def fill(apps, schema_editor):
    Outcome = apps.get_model('analytics', 'Outcome')
    Signal = apps.get_model('signals', 'Signal')
    last = 0
    while True:
        signals = list(
            Signal.objects.filter(pk__gt=last)
            .order_by('pk')
            .values_list('pk', 'signal', 'factors')[:PORTION]
        )
        if not signals:
            return
        alike = defaultdict(list)
        for last, direction, factors in signals:
            alike[stances_of(direction, factors)].append(last)
        alike.pop('', None)
        with transaction.atomic():
            for stances, ids in alike.items():
                empty = Outcome.objects.filter(signal__in=ids, factor_stances='')
                empty.update(factor_stances=stances)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('analytics', '0005_factor_stances'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
