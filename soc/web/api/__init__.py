"""What every part of the API is made of: errors in one shape, bodies and parameters read strictly, pages by key.

It knows no models. Who may call what is in accounts/api; the nouns are in the api package of each app.
"""
