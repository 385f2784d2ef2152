"""The API's door: who calls, with which key, and what that opens; and the nouns of accounts: me, keys, notices, teams."""
