"""Count the signals that are there already."""

from django.db import migrations
from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import TruncDate


def fill(apps, schema_editor):
    Signal = apps.get_model('signals', 'Signal')
    SignalDay = apps.get_model('signals', 'SignalDay')
    groups = (
        Signal.objects.order_by()
        .annotate(day=TruncDate('timestamp'))
        .values('environment', 'day', 'signal', 'confidence')
        .annotate(n=Count('pk'), points=Sum('score'), least=Min('score'), most=Max('score'))
    )
    SignalDay.objects.bulk_create(
        [
            SignalDay(
                environment=group['environment'],
                day=group['day'],
                signal=group['signal'],
                confidence=group['confidence'],
                signals=group['n'],
                score_hundredths=round(group['points'] * 100),
                least_hundredths=round(group['least'] * 100),
                most_hundredths=round(group['most'] * 100),
            )
            for group in groups.iterator()
        ],
        batch_size=1000,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0009_signal_days'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
