"""Count the signals that are there already."""

from django.db import migrations
from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth


def fill(apps, schema_editor):
    Signal = apps.get_model('signals', 'Signal')
    SignalMonth = apps.get_model('signals', 'SignalMonth')
    groups = (
        Signal.objects.order_by()
        .annotate(month=TruncMonth('timestamp'))
        .values('environment', 'symbol', 'month', 'signal')
        .annotate(n=Count('pk'), points=Sum('score'))
    )
    SignalMonth.objects.bulk_create(
        [
            SignalMonth(
                environment=group['environment'],
                symbol=group['symbol'],
                month=group['month'].date(),
                signal=group['signal'],
                signals=group['n'],
                score_hundredths=round(group['points'] * 100),
            )
            for group in groups.iterator()
        ],
        batch_size=1000,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0007_signal_months'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
