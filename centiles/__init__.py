"""Make a child's falling growth visible: z-scores, falls across the centiles, charts."""
