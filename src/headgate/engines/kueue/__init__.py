"""Quotas on Kubernetes with Kueue: manifests from orders, drift by owner, use from Workloads."""
