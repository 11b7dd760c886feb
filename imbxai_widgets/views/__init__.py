"""The panels: widgets that show class cards and never compute a statistic."""
