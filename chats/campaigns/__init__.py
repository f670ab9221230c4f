"""The rules of campaigns, pure: wording, audiences, windows, shares and forecasts. No Django and no rows in here."""
