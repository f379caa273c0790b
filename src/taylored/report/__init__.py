"""Results as text, HTML and JSON: the only place that formats numbers."""
