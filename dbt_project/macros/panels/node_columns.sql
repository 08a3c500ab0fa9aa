{#- What the id of a node may say of it: the columns of `series` that levels are made of. -#}
{% macro node_columns() %}
    {{ return([
        'item_id', 'location_id', 'customer_id', 'category', 'subcategory', 'brand', 'supplier_id', 'warehouse_id', 'region',
        'customer_gender', 'customer_region',
    ]) }}
{% endmacro %}
