{#- Where the panel's columns come from: {model: {column: type}}. Past columns are null in future periods. -#}
{% macro panel_sources() %}
    {{ return({
        'int_target': {
            'y': 'double', 'y_train': 'double', 'revenue': 'double', 'returned_quantity': 'double', 'is_winsorised': 'boolean',
            'is_stocked_out': 'boolean', 'is_stockout_inferred': 'boolean',
        },
        'int_stock_by_period': {'on_hand': 'double'},
        'int_price_covariates': {
            'price': 'double', 'price_change': 'double', 'relative_price': 'double', 'price_discount': 'double',
            'is_price_imputed': 'boolean', 'price_paid': 'double', 'is_price_paid_imputed': 'boolean', 'discount_paid': 'double',
        },
        'int_promotion_covariates': {'is_promoted': 'double', 'promotion_discount': 'double', 'was_promoted': 'double'},
        'int_calendar_covariates': {
            'is_holiday': 'double', 'is_frequent_holiday': 'double', 'holiday_effect': 'double',
            'days_to_holiday': 'double', 'days_since_holiday': 'double', 'weekend_share': 'double',
            'trading_days': 'double', 'dow_sin': 'double', 'dow_cos': 'double', 'month_sin': 'double', 'month_cos': 'double',
            'year_sin_1': 'double', 'year_cos_1': 'double', 'year_sin_2': 'double', 'year_cos_2': 'double',
            'closed_share': 'double', 'item_age': 'double',
        },
        'int_behaviour_covariates': {
            'views': 'double', 'carts': 'double', 'wishlists': 'double', 'cart_rate': 'double', 'conversion_rate': 'double',
            'views_mean_short': 'double', 'carts_mean_short': 'double',
        },
        'int_audience_covariates': {
            'audience_size': 'double', 'audience_age': 'double', 'audience_female_share': 'double',
            'audience_top_region_share': 'double', 'is_audience_age_imputed': 'boolean',
            'is_audience_female_share_imputed': 'boolean', 'is_audience_top_region_share_imputed': 'boolean',
        },
        'int_market_covariates': {
            'competitor_relative_price': 'double', 'competitor_sales': 'double', 'market_trend': 'double',
            'is_competitor_relative_price_imputed': 'boolean', 'is_competitor_sales_imputed': 'boolean',
            'is_market_trend_imputed': 'boolean',
        },
    }) }}
{% endmacro %}
