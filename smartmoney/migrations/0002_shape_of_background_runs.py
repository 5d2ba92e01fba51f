"""Runs of every app have one shape."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('smartmoney', '0001_background_scans'),
    ]

    operations = [
        migrations.AlterField(
            model_name='smartmoneyscan',
            name='asked_hash',
            field=models.CharField(help_text='Of what was asked for: the same is not done twice at once', max_length=64),
        ),
        migrations.AlterField(
            model_name='smartmoneyscan',
            name='left',
            field=models.JSONField(default=list, help_text='Coins that are not scored yet'),
        ),
        migrations.AlterField(
            model_name='smartmoneyscan',
            name='requested',
            field=models.PositiveIntegerField(default=0),
        ),
    ]
