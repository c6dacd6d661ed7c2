"""Tests of compiled queries."""
