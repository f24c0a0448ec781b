"""What an operator writes, made into values: settings, and the runner configuration.

Pure: text and mappings in, frozen values or one ``ConfigurationError`` out, which holds every problem found and never a
secret. Where the text comes from is the business of whoever calls.
"""
