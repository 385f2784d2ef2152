"""The API's door: who calls, with which key, and what that opens; and accounts' nouns: me, keys, notices, teams."""
