"""Moments with their seconds, in an order that nobody mistakes."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i:s"
