/** Calls without a world of their own. */

/** Changes of every kind of state, and of what tools return. */
export const changes = [
  "mkdir('a')",
  "cp('.', 'a')",
  "message_login('USR001')",
  "send_message('USR002', 'hello')",
  "authenticate_twitter('john', 'john123')",
  "post_tweet('hello')",
  "mention(0, ['a'])",
  "mention(0, 'text')",
  "ticket_login('a', 'b')",
  "create_ticket('a')",
  "trading_login('a', 'b')",
  "place_order('Buy', 'AAPL', 100.0, 1)",
  "fund_account(10.0)",
  "get_watchlist().append('x')",
  "get_stock_info('AAPL')['MA(5)'].append(1)",
  "get_flight_cost('SFO', 'LAX', '2024-10-06', 'first')['travel_cost_list'].append(1)",
  "authenticate_travel('a', 'b', 'c', 'user', 'a', 'b')",
  "fillFuelTank(5)",
  "lockDoors(True, ['driver'])"
] as const
