"""Runs of every app have one shape; what is asked for tells kinds of runs apart by itself."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mss', '0001_emerging_coins'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='mssrun',
            name='mss_run_once_at_a_time',
        ),
        migrations.AlterField(
            model_name='mssrun',
            name='asked_hash',
            field=models.CharField(help_text='Of what was asked for: the same is not done twice at once', max_length=64),
        ),
        migrations.AlterField(
            model_name='mssrun',
            name='left',
            field=models.JSONField(default=list, help_text='Coins that are not scored yet'),
        ),
        migrations.AddConstraint(
            model_name='mssrun',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'working'])), fields=('environment', 'asked_hash'), name='mss_run_once_at_a_time'),
        ),
    ]
